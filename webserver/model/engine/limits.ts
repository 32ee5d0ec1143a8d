/** Bounds on the form of a request; what depends on the machine is a setting. */
export const limits = {
  /** Nesting of JSON, as Triton limits it. */
  jsonDepth: 100,
  rank: 16,
  dimension: 2 ** 31 - 1,
  /** Elements of one BYTES tensor: each becomes an object of its own. */
  strings: 1_000_000,
  /** Of one BYTES element: the longest string of the language is not much longer. */
  stringBytes: 2 ** 28,
  /** Of BYTES in a .npy file, where each takes the room of the longest. */
  npyTextBytes: 64 * 1024 * 1024,
  /** Of a file with the names of classes. */
  labelFileBytes: 16 * 1024 * 1024,
  /** Pieces of a body that came without Content-Length. */
  bodyChunks: 65_536,
  /** Bytes of a request's `id`. */
  idLength: 1024,
} as const
