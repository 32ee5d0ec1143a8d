import { createHash, type Hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { DigestAlgorithm, ExpectedDigest } from '../../domain/digest'
import { AppError } from '../../domain/errors'
import { expectedDigestsOf, wantedAlgorithm } from '../digest-fields'

const nodeNames = { 'sha-256': 'sha256', 'sha-512': 'sha512' } as const satisfies Record<
  DigestAlgorithm,
  string
>

/** What a body must be found to be at its end. */
export interface BodyCheck {
  hash: Hash
  value: Buffer
  refusal(): AppError
}

/** What a request says of its body, and what it wants to hear of it (RFC 9530). */
export class BodyDigests {
  private readonly checks: BodyCheck[]
  private readonly wanted

  /** @throws {AppError} as `expectedDigestsOf` says. */
  constructor(headers: IncomingHttpHeaders) {
    this.checks = expectedDigestsOf(headers).map(checkOf)
    // What we store of a file is its SHA-256; another digest can be told of bytes that pass by, now or never.
    const isOther = wantedAlgorithm(headers['want-repr-digest']) === 'sha-512'
    this.wanted = isOther ? createHash(nodeNames['sha-512']) : null
  }

  get areGiven(): boolean {
    return this.checks.length > 0
  }

  /**
   * The same bytes, hashed on the way.
   * @param more what they are held against as well.
   * @throws {AppError} `invalid` at their end when they are not what a digest says, or what the other checks throw; who reads
   * them must keep none of them.
   */
  async *through(
    body: AsyncIterable<Buffer>,
    more: readonly BodyCheck[] = [],
  ): AsyncGenerator<Buffer> {
    const checks = [...this.checks, ...more]
    for await (const chunk of body) {
      for (const { hash } of checks) hash.update(chunk)
      this.wanted?.update(chunk)
      yield chunk
    }
    const failed = checks.find(({ hash, value }) => !hash.digest().equals(value))
    if (failed !== undefined) throw failed.refusal()
  }

  /** To be asked once the body was read, where it is the whole representation. */
  wantedHeaders(): Record<string, string> {
    if (this.wanted === null) return {}
    return { 'Repr-Digest': `sha-512=:${this.wanted.digest('base64')}:` }
  }
}

function checkOf({ field, algorithm, value }: ExpectedDigest): BodyCheck {
  const why = `The body does not have the ${algorithm} that ${field} says`
  const refusal = () => new AppError('invalid', why, { field })
  return { hash: createHash(nodeNames[algorithm]), value, refusal }
}
