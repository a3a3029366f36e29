import type { FormContext } from "@pharmasight/views/shared/context";
import type { Samples } from "./shared.ts";

export function setupSamples(_context: FormContext): Samples {
  return {};
}
