import { errorCodes, type ErrorCode } from '../domain/errors'
import { httpMeanings } from './problem'

/** When each code is met, for who reads an answer. */
const occasions: Readonly<Record<ErrorCode, string>> = {
  invalid: 'The input breaks a rule; `field` says which input, `detail` which rule.',
  unauthenticated: 'No token, a wrong or ended one; at login a wrong name or password.',
  forbidden:
    'Known, and not allowed: registration is closed, or the password given as proof is wrong.',
  not_found: 'It does not exist, or the caller may not know that it does.',
  gone: 'It was there and will not come back: a link that is used up, an upload whose time is over.',
  method_not_allowed: 'The path exists; `Allow` lists its verbs.',
  conflict: 'A name is taken, the last admin would go, or another change came first.',
  precondition_failed: 'If-Match or If-None-Match does not hold; read again and decide anew.',
  precondition_required:
    'The service takes changes of what is there only with If-Match or If-None-Match.',
  locked: 'Another request is writing the same upload; a moment later it is free.',
  checksum_mismatch:
    'The bytes differ from what `Upload-Checksum` says, and were thrown away: send them again.',
  range_not_satisfiable: 'The range begins behind the end; `Content-Range` has the size.',
  too_large: 'The body is larger than the route takes; larger ones never succeed.',
  quota_exceeded: 'The file would take the account beyond its quota.',
  storage_full: 'The disk has no room left; whoever runs the service must make some.',
  unsupported: 'A content type, charset or encoding that the route does not take.',
  rate_limited: 'Too many requests of one caller; `Retry-After` says when to come back.',
  unavailable:
    'A queue is full or a process is being replaced; `Retry-After` says when to come back.',
  deadline: 'A model did not finish in its time.',
  internal: 'A fault of the service. The log has the reason under the id in `instance`.',
}

/** `notes/errors.md`. */
export function errorsPage(): string {
  const rows = errorCodes.map((code) => {
    const { status, title } = httpMeanings[code]
    return `| \`${code}\` | ${status} | ${title} | ${occasions[code]} |`
  })
  return `# Errors

Generated from \`webserver/http/errors-page.ts\` by \`npm run docs\`; a test keeps it true.

Outside \`/v2\` every error is \`application/problem+json\` (RFC 9457): \`type\`, \`title\`, \`status\`, \`detail\`, \`instance\`
(\`urn:request:<id>\`, the id of the \`X-Request-Id\` header and of the logs), \`code\` and, where one input is at fault,
\`field\`. Programs should go by \`code\`: it is stable, the sentences are not. Under \`/v2\` the same statuses, but for
501 in place of 415, come with the Open Inference Protocol's \`{"error": "<detail>"}\`.

| code | status | title | when |
| --- | --- | --- | --- |
${rows.join('\n')}

What is no HTTP request at all is answered 400 (431 when its headers are too large, 408 when they never end), with the
code \`invalid\`, and the connection ends.
`
}
