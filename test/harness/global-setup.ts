import { build } from "@pharmasight/views/build";

/** Pages are served with their style sheet; built once, because a build replaces the folder that others read. */
export async function setup(): Promise<void> {
  await build();
}
