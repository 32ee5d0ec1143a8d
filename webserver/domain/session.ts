export interface Session {
  /** Public part of the token: shown in lists, used to revoke. */
  id: string
  accountId: string
  /** SHA-256 of the token's 256-bit secret, hex. The secret itself is never stored. */
  secretHash: string
  /** The account's `authEpoch` at login. */
  authEpoch: number
  userAgent: string
  createdAtMs: number
  lastSeenAtMs: number
  /** Absolute end; idle expiry counts from `lastSeenAtMs`. */
  expiresAtMs: number
}
