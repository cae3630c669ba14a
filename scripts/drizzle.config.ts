/** Settings of drizzle-kit: it writes the next numbered migration from the schema. */
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  schema: ["./src/storage/schema.ts", "./src/storage/delivery-schema.ts"],
  out: "./src/storage/migrations",
});
