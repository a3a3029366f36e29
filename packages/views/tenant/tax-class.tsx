import { Badge, type Tone } from "../shared/badge.tsx";

export type TaxClass = "standard" | "zero_rated" | "exempt" | "out_of_scope";

export const taxClassLabels: Readonly<Record<TaxClass, string>> = {
  standard: "Standard rate",
  zero_rated: "Zero-rated",
  exempt: "Exempt",
  out_of_scope: "Out of scope",
};

const taxTones: Readonly<Record<TaxClass, Tone>> = {
  standard: "primary",
  zero_rated: "neutral",
  exempt: "neutral",
  out_of_scope: "neutral",
};

export function TaxBadge({ taxClass }: { taxClass: TaxClass | null }) {
  if (taxClass === null) return <Badge tone="warning">Needs tax class</Badge>;
  return <Badge tone={taxTones[taxClass]}>{taxClassLabels[taxClass]}</Badge>;
}
