/**
 * What a client holds: `gm_<sessionId>.<secret>`, 16 and 32 random bytes in base64url. Only the canonical form is a
 * token: the unused bits of each last character are zero, so that one token has one spelling.
 */
export interface SessionToken {
  sessionId: string
  secret: string
}

const sessionId = '[A-Za-z0-9_-]{21}[AQgw]'
const secret = '[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]'
const tokenForm = new RegExp(`^gm_(${sessionId})\\.(${secret})$`)

export function formatSessionToken(token: SessionToken): string {
  return `gm_${token.sessionId}.${token.secret}`
}

/** @returns null when the text is no token. */
export function parseSessionToken(text: string): SessionToken | null {
  const match = tokenForm.exec(text)
  return match === null ? null : { sessionId: match[1]!, secret: match[2]! }
}
