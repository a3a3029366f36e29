import { type DomainError, invalidInput } from "../../../kernel/errors.ts";

/** A file that is not taken. The message says what to do, and stands beside the file's field. */
export const refused = (message: string): DomainError => invalidInput(message, { file: message });
