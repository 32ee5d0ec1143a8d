import {
  nextPlace,
  type ContentPlace,
  type ContentPosition,
  type ContentUse,
} from '../../domain/content-use'
import type { Handlers } from '../operations'
import { compareByCodePoint } from '../path-order'
import type { Tables } from './document'

type Key = readonly [string, string | number]
type Keyed = { key: Key; use: ContentUse }

export function contentUseHandlers(tables: Tables): Handlers<'contentUses.list'> {
  return {
    'contentUses.list': ({ from: { place, after }, limit }) => {
      const rows = usesAt(tables, place)
        .filter(({ key }) => compareKeys(key, after) > 0)
        .sort((a, b) => compareKeys(a.key, b.key))
        .slice(0, limit)
      const last = rows.at(-1)
      const next: ContentPosition | null =
        last !== undefined && rows.length === limit ? { place, after: last.key } : nextPlace(place)
      return { uses: rows.map(({ use }) => use), next }
    },
  }
}

/** Whoever has no account any more has no name either. */
function usesAt(tables: Tables, place: ContentPlace): Keyed[] {
  const isOwned = ({ ownerId }: { ownerId: string }) => tables.accounts.has(ownerId)
  const nameOf = (ownerId: string) => tables.accounts.get(ownerId)!.name
  if (place === 'version') {
    const pathOf = pathsById(tables)
    return [...tables.versions.values()].filter(isOwned).map((row) => {
      const { fileId, version, sizeBytes, sha256, extents } = row
      const path = pathOf.get(fileId) ?? null
      const owner = nameOf(row.ownerId)
      const use = { place, owner, path, fileId, version, sizeBytes, sha256, extents }
      return { key: [fileId, version], use }
    })
  }
  const rows = place === 'file' ? tables.files : tables.trash
  return [...rows.values()]
    .filter(isOwned)
    .map(({ id: fileId, path, version, ownerId, ...row }) => {
      const { sizeBytes, sha256, extents } = row
      const owner = nameOf(ownerId)
      const use = { place, owner, path, fileId, version, sizeBytes, sha256, extents }
      return { key: place === 'file' ? [ownerId, path] : [fileId, ''], use }
    })
}

function pathsById(tables: Tables): Map<string, string> {
  const rows = [...tables.trash.values(), ...tables.files.values()]
  return new Map(rows.map(({ id, path }) => [id, path]))
}

function compareKeys([a, b]: Key, [c, d]: Key): number {
  const first = compareByCodePoint(a, c)
  if (first !== 0) return first
  if (typeof b === 'number' && typeof d === 'number') return b - d
  return compareByCodePoint(String(b), String(d))
}
