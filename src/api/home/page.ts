/** The page at the root of the web port, for whoever types the address of the box. */

const STYLE = `
body { max-width: 40rem; margin: 4rem auto; padding: 0 1.5rem; font: 1rem/1.5 system-ui, sans-serif;
  color: #1d2433; background: #fff; }
h1 { font-size: 1.5rem; }
dt { margin-top: 1rem; font-weight: 600; }
dd { margin: 0; }
a { color: #1b5fc1; }
@media (prefers-color-scheme: dark) {
  body { color: #e3e7ee; background: #14181f; }
  a { color: #83b4ff; }
}
`;

/** Static: it shows nothing of what is stored, and asks for nothing more. */
export const HOME_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Biometric Multi-Device Manager</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<h1>Biometric Multi-Device Manager</h1>
<p>This is biometric-server. It takes punches from attendance terminals, keeps every one of them, and
hands them to the HR system. It is running: this page came from it.</p>
<dl>
<dt><a href="/swagger">/swagger</a></dt>
<dd>The API, to read and to try. Whatever shows a punch, a user or a terminal needs a token.</dd>
<dt><a href="/api/docs">/api/docs</a></dt>
<dd>The same in short, for programs.</dd>
<dt><a href="/healthz">/healthz</a></dt>
<dd>Whether the server answers.</dd>
<dt><a href="/readyz">/readyz</a></dt>
<dd>Whether it can store punches and serve them, and if not, why.</dd>
</dl>
</body>
</html>
`;

/** Allows the page's own style, named by its digest, and an empty icon. */
export const HOME_CONTENT_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${new Bun.CryptoHasher("sha256").update(STYLE).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
