import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SecretToken } from '../domain/secret-token'

export function newToken(): SecretToken {
  return {
    id: randomBytes(16).toString('base64url'),
    secret: randomBytes(32).toString('base64url'),
  }
}

/** What is kept of a secret: it has 256 bits of chance, so that no slow hash is needed. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** In a time that tells nothing of where they differ. */
export function sameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
