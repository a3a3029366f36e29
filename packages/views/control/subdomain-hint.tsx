import { Icon, type IconName } from "../shared/icons.tsx";

export interface SubdomainHintProps {
  /** `unknown`: it was not looked up, because too many were. */
  state: "free" | "taken" | "reserved" | "invalid" | "empty" | "unknown";
  message: string;
  /** The whole address, when it is free. */
  address?: string;
}

const refused = { tone: "text-error", icon: "triangle-alert" } as const;

const looks = {
  free: { tone: "text-success", icon: "circle-check" },
  taken: refused,
  reserved: refused,
  invalid: refused,
  unknown: { tone: "text-muted", icon: "clock" },
} as const satisfies Readonly<Record<Exclude<SubdomainHintProps["state"], "empty">, { tone: string; icon: IconName }>>;

/** Answer to GET /sign-up/subdomain?subdomain=…: whether the address can be had. */
export function SubdomainHint({ state, message, address }: SubdomainHintProps) {
  if (state === "empty") return null;
  const { tone, icon } = looks[state];
  return (
    <p class={`mt-1.5 flex items-start gap-1.5 font-medium ${tone}`}>
      <Icon name={icon} class="mt-0.5 size-4" />
      <span class="min-w-0">
        {message}
        {address === undefined ? null : <span class="block font-normal text-muted">{address}</span>}
      </span>
    </p>
  );
}
