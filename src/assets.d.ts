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
