import { createHash } from 'node:crypto'

export interface LinkPage {
  /** Path of the link. */
  url: string
  kind: 'file' | 'folder'
  /** Null or empty where there is none to show. */
  name: string | null
  mode: 'view' | 'upload'
  /** Bytes. */
  size: number | null
  expiresAt: string | null
}

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}'

const styleDigest = createHash('sha256').update(style).digest('base64')

/** Nothing on the page runs, and it loads nothing; only its own style counts. */
export const linkPagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleDigest}'`,
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** What a browser shows of a link. */
export function linkPageOf(page: LinkPage): string {
  const name = escaped(page.name || 'Files')
  const expiry = page.expiresAt === null ? '' : `<p>Until ${escaped(page.expiresAt)}.</p>`
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex"><title>${name}</title><style>${style}</style>
<h1>${name}</h1>
${bodyOf(page)}
${expiry}
</html>
`
}

function bodyOf({ url, kind, mode, size }: LinkPage): string {
  if (kind === 'file') return `<p>${size} bytes. <a href="${url}/content?download">Download</a></p>`
  if (mode === 'view') return `<p><a href="${url}/files">List the files</a></p>`
  return `<p>Send a file with: <code>curl -T FILE ${url}/files/</code></p>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
