import type { ModelSettings } from './model-settings'

export type VersionPolicy = NonNullable<ModelSettings['versionPolicy']>

/** The setting `models.versionPolicy`, whose form the configuration has checked. */
export function policyOf(setting: string): VersionPolicy {
  return setting === 'all' ? 'all' : { latest: Number(setting.slice('latest:'.length)) }
}

const wholeNumber = /^[1-9][0-9]*$/

/**
 * Orders versions, lowest first: words in natural order (`v9` before `v10`), then whole numbers by their value. A word
 * never outranks a number, so that a directory put aside under another name does not become the default.
 */
export function compareVersions(a: string, b: string): number {
  const [isNumberA, isNumberB] = [wholeNumber.test(a), wholeNumber.test(b)]
  if (isNumberA !== isNumberB) return isNumberA ? 1 : -1
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1)
}

/** @param versions of one model, lowest first. @returns those that the policy has served. */
export function applyPolicy(versions: readonly string[], policy: VersionPolicy): string[] {
  if (policy === 'all') return [...versions]
  if ('latest' in policy) return versions.slice(-policy.latest)
  return versions.filter((version) => policy.specific.includes(version))
}
