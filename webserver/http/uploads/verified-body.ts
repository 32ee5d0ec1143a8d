import { createHash } from 'node:crypto'
import type { DigestAlgorithm, ExpectedDigest } from '../../domain/digest'
import { AppError } from '../../domain/errors'

const nodeNames = { 'sha-256': 'sha256', 'sha-512': 'sha512' } as const satisfies Record<
  DigestAlgorithm,
  string
>

/**
 * The same bytes, hashed on the way.
 * @throws {AppError} `invalid` at their end when they are not what a digest says; who reads them must keep none of them.
 */
export async function* verifiedBody(
  body: AsyncIterable<Buffer>,
  expected: readonly ExpectedDigest[],
): AsyncGenerator<Buffer> {
  const checks = expected.map((digest) => ({
    ...digest,
    hash: createHash(nodeNames[digest.algorithm]),
  }))
  for await (const chunk of body) {
    for (const { hash } of checks) hash.update(chunk)
    yield chunk
  }
  const failed = checks.find(({ hash, value }) => !hash.digest().equals(value))
  if (failed === undefined) return
  const { field, algorithm } = failed
  throw new AppError('invalid', `The body does not have the ${algorithm} that ${field} says`, {
    field,
  })
}
