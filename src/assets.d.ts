/** Assets that the executable carries: imported `with { type: "text" }` or `{ type: "file" }`. */
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*.gz" {
  const path: string;
  export default path;
}
declare module "*.service" {
  const text: string;
  export default text;
}
/** The parts of the library that write metrics; it has types for the whole of it alone. */
declare module "prom-client/lib/counter.js" {
  export { Counter as default } from "prom-client";
}
declare module "prom-client/lib/gauge.js" {
  export { Gauge as default } from "prom-client";
}
declare module "prom-client/lib/histogram.js" {
  export { Histogram as default } from "prom-client";
}
declare module "prom-client/lib/registry.js" {
  export { Registry as default } from "prom-client";
}
