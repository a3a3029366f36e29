import { Icon } from "../shared/icons.tsx";

export interface SubdomainHintProps {
  state: "free" | "taken" | "reserved" | "invalid" | "empty";
  message: string;
  /** The whole address, when it is free. */
  address?: string;
}

/** Answer to GET /sign-up/subdomain?subdomain=…: whether the address can be had. */
export function SubdomainHint({ state, message, address }: SubdomainHintProps) {
  if (state === "empty") return null;
  const free = state === "free";
  return (
    <p class={`mt-1.5 flex items-start gap-1.5 font-medium ${free ? "text-success" : "text-error"}`}>
      <Icon name={free ? "circle-check" : "triangle-alert"} class="mt-0.5 size-4" />
      <span class="min-w-0">
        {message}
        {address === undefined ? null : <span class="block font-normal text-muted">{address}</span>}
      </span>
    </p>
  );
}
