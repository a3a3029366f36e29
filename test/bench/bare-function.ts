import { Hono } from "hono";
import { handle } from "hono/aws-lambda";
import postgres from "postgres";

/** The least that answers the same question: what the start of the tenant's function is measured against. */
const sql = postgres(process.env["BENCH_DATABASE_URL"] ?? "", { max: 1, prepare: false, fetch_types: false });
const app = new Hono();
app.get("/api/v1/items/:id", async (c) => {
  const [item] = await sql`select * from pharmacy.items where id = ${c.req.param("id")}`;
  return item === undefined ? c.notFound() : c.json(item);
});

export const handler = handle(app);
