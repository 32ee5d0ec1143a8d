/**
 * Numbers that were counted under the same labels; the kind says what each of them is (metrics/block-kinds.ts). As JSON
 * on its way between processes.
 */
export type CountedBlock = readonly [
  kind: string,
  labels: readonly string[],
  values: readonly number[],
]
