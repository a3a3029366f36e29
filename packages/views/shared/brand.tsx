/** The mark of PharmaSight: decoration, its name stands beside it. */
export function BrandMark({ class: className = "size-7" }: { class?: string }) {
  return (
    <svg viewBox="0 0 32 32" class={`shrink-0 ${className}`} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0f6b66" />
      <path d="M13.5 7h5v6.5H25v5h-6.5V25h-5v-6.5H7v-5h6.5z" fill="#fff" />
      <circle cx="16" cy="16" r="3.8" fill="#0f6b66" />
      <circle cx="16" cy="16" r="1.7" fill="#fff" />
    </svg>
  );
}

export function Brand() {
  return (
    <span class="inline-flex items-center gap-2 font-semibold text-base tracking-tight">
      <BrandMark />
      PharmaSight
    </span>
  );
}

export interface CompanyMarkProps {
  name: string;
  logoUrl?: string | undefined;
  class?: string;
}

/** A pharmacy's logo, or its letters in a square until it has one. */
export function CompanyMark({ name, logoUrl, class: className = "size-8 text-xs" }: CompanyMarkProps) {
  if (logoUrl !== undefined) {
    // White behind it in both schemes: logos are drawn for paper.
    return <img src={logoUrl} alt="" class={`shrink-0 rounded-lg bg-white object-contain p-0.5 ${className}`} />;
  }
  return (
    <span
      class={`inline-flex shrink-0 items-center justify-center rounded-lg bg-primary font-semibold text-primary-content ${className}`}
      aria-hidden="true"
    >
      {initials(name)}
    </span>
  );
}

/** At most two letters: those that begin the first two words. */
export function initials(name: string): string {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  return words
    .slice(0, 2)
    .map((word) => Array.from(word)[0]?.toLocaleUpperCase("en") ?? "")
    .join("");
}
