/** Those of RFC 9530's algorithms that stand against an attacker. Its others only find accidents, and are ignored. */
export const digestAlgorithms = ['sha-256', 'sha-512'] as const
export type DigestAlgorithm = (typeof digestAlgorithms)[number]

export interface Digest {
  algorithm: DigestAlgorithm
  value: Buffer
}

/** What a sender says that the bytes it sends will be found to be. */
export interface ExpectedDigest extends Digest {
  /** The header that says so. */
  field: string
}

export const digestLengths = { 'sha-256': 32, 'sha-512': 64 } as const satisfies Record<
  DigestAlgorithm,
  number
>
