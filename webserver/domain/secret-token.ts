/**
 * What a client holds: `<prefix>_<id>.<secret>`, 16 and 32 random bytes in base64url. The id is public and names a row;
 * of the secret only a digest is stored. Only the canonical form is a token: the unused bits of each last character are
 * zero, so that one token has one spelling.
 */
export interface SecretToken {
  id: string
  secret: string
}

/** Each kind of token has a prefix of its own, so that none is taken for another. */
export type TokenPrefix = 'gm' | 'gl'

const id = '[A-Za-z0-9_-]{21}[AQgw]'
const secret = '[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]'
const form = new RegExp(`^([a-z]+)_(${id})\\.(${secret})$`)

export function formatToken(prefix: TokenPrefix, token: SecretToken): string {
  return `${prefix}_${token.id}.${token.secret}`
}

/** @returns null when the text is no token of this kind. */
export function parseToken(prefix: TokenPrefix, text: string): SecretToken | null {
  const match = form.exec(text)
  return match?.[1] === prefix ? { id: match[2]!, secret: match[3]! } : null
}
