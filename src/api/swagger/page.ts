/** The documentation page: a frame around the embedded Swagger UI, with nothing from elsewhere. */

/** The page itself. */
export const SWAGGER_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>biometric-server API</title>
<link rel="icon" href="/swagger/icon.svg">
<link rel="stylesheet" href="/swagger/ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/swagger/ui.js"></script>
<script src="/swagger/init.js"></script>
</body>
</html>
`;

/** A check mark. A browser that is given no icon asks for one that is not there. */
export const SWAGGER_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#3b4151"/>
<path d="M4 8.5 7 11.5 12 5" fill="none" stroke="#49cc90" stroke-width="2"/>
</svg>
`;

/** Starts Swagger UI on our document. Its online validator is off: nothing leaves the site. */
export const SWAGGER_INIT = `"use strict";
window.ui = SwaggerUIBundle({
  url: "/swagger/json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
  deepLinking: true,
});
`;

/** Swagger UI sets styles on its elements, and its icons are `data:` addresses. */
export const SWAGGER_CONTENT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
