/** Logical file name → name with a content hash, as the asset build writes it to `manifest.json`. */
export type AssetManifest = Readonly<Record<string, string>>;

/**
 * The `assets` function of a `PageContext`: logical name → URL path.
 * Throws when the build made no such file, which is a mistake in a page.
 */
export function assetUrls(manifest: AssetManifest, folder = "/assets/"): (name: string) => string {
  return (name) => {
    const hashed = manifest[name];
    if (hashed === undefined) throw new Error(`The asset build has no file named ${name}.`);
    return `${folder}${hashed}`;
  };
}
