import type { Place } from '../../domain/file'
import type { Grant, GrantableRight, LinkSummary } from '../../domain/grant'

interface ShareRow {
  id: string
  owner: string
  /** Of the file now; null when it is for a folder. */
  path: string | null
  folder: string | null
  expiresAtMs: number | null
  createdBy: string | null
  createdAtMs: number
}

export interface GrantRow extends ShareRow {
  ownerId: string
  fileId: string | null
  accountId: string | null
  groupId: string | null
  account: string | null
  group: string | null
  members: number | null
  right: GrantableRight
}

export interface LinkRow extends ShareRow {
  mode: 'view' | 'upload'
  label: string
}

const placed = (table: 'grants' | 'links') => `
  FROM ${table} JOIN accounts AS owners ON owners.id = ${table}.owner_id
  LEFT JOIN files ON files.id = ${table}.file_id AND files.owner_id = ${table}.owner_id
  LEFT JOIN accounts AS makers ON makers.id = ${table}.created_by`
const shareColumns = (table: 'grants' | 'links') => `
  ${table}.id AS id, owners.name AS owner, files.path AS path, ${table}.folder AS folder,
  ${table}.expires_at_ms AS expiresAtMs, makers.name AS createdBy,
  ${table}.created_at_ms AS createdAtMs`
/** Counts now, and not for a file in the trash. */
const counting = (table: 'grants' | 'links') => `
  (${table}.folder IS NOT NULL OR files.id IS NOT NULL)
  AND (${table}.expires_at_ms IS NULL OR ${table}.expires_at_ms > :nowMs)`

/** `SELECT` of `GrantRow`s that count at `:nowMs`, to be continued with `AND`. */
export const selectGrants = `
  SELECT ${shareColumns('grants')}, grants.owner_id AS ownerId, grants.file_id AS fileId,
    grants.account_id AS accountId, grants.group_id AS groupId, grantees.name AS account,
    groups.name AS "group", grants.right AS right,
    CASE WHEN grants.group_id IS NOT NULL THEN
      (SELECT count(*) FROM group_members WHERE group_members.group_id = grants.group_id)
    END AS members
  ${placed('grants')}
  LEFT JOIN accounts AS grantees ON grantees.id = grants.account_id
  LEFT JOIN groups ON groups.id = grants.group_id
  WHERE ${counting('grants')}`

/** `SELECT` of `LinkRow`s that count at `:nowMs`, to be continued with `AND`. */
export const selectLinks = `
  SELECT ${shareColumns('links')}, links.mode AS mode, links.label AS label
  ${placed('links')} WHERE ${counting('links')}`

/** Condition on a share of `table` to reach what `Covered` says. */
export const reaching = (table: 'grants' | 'links') => `
  ${table}.owner_id = :ownerId AND
  (${table}.file_id = :fileId OR ${table}.folder IN (SELECT value FROM json_each(:folders)))`

/** Condition on a grant to be for `:accountId` or a group that it is in. */
export const toAccount = `(grants.account_id = :accountId OR grants.group_id IN (
  SELECT group_id FROM group_members WHERE account_id = :accountId))`

export function grantOf(row: GrantRow): Grant {
  return {
    id: row.id,
    place: placeOf(row),
    to: row.account === null ? { group: row.group! } : { account: row.account },
    members: row.members,
    right: row.right,
    expiresAtMs: row.expiresAtMs,
    createdBy: row.createdBy,
    createdAtMs: row.createdAtMs,
  }
}

export function linkOf(row: LinkRow): LinkSummary {
  const { id, mode, label, expiresAtMs, createdBy, createdAtMs } = row
  return { id, place: placeOf(row), mode, label, expiresAtMs, createdBy, createdAtMs }
}

function placeOf({ owner, path, folder }: ShareRow): Place {
  return folder === null ? { owner, path: path! } : { owner, folder }
}
