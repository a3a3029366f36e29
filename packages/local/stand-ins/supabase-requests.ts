import * as z from "zod";

/**
 * The requests that the Supabase stand-in takes: what the product sends, with the API's own limits. Anything else,
 * though Supabase may know it, is refused.
 */

const regions = [
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "ap-east-1",
  "ap-southeast-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-southeast-2",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "eu-north-1",
  "eu-central-1",
  "eu-central-2",
  "ca-central-1",
  "ap-south-1",
  "sa-east-1",
] as const;

const sizes = ["nano", "micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge"] as const;

export const createProjectBody = z.strictObject({
  name: z.string().min(1).max(256),
  organization_slug: z.string().regex(/^[\w-]+$/),
  db_pass: z.string().min(1),
  region_selection: z.strictObject({ type: z.literal("specific"), code: z.enum(regions) }),
  desired_instance_size: z.enum(sizes).optional(),
});

export const listProjectsQuery = z.strictObject({
  search: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(100),
  offset: z.coerce.number().int().min(0).default(0),
  sort: z.enum(["name_asc", "created_asc"]).default("name_asc"),
});

export const healthQuery = z.strictObject({
  services: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(["db", "pooler"])).min(1)),
});

export const noQuery = z.strictObject({});
