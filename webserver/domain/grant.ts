import type { Viewer } from './account'
import type { Place } from './file'
import type { grantableRights, Right } from './rights'

export type GrantableRight = (typeof grantableRights)[number]

export type Grantee = { account: string } | { group: string }

/** A right of an account or a group. One to a file goes with the file wherever it is moved. */
export interface Grant {
  id: string
  /** Where the file is now, or the folder. */
  place: Place
  to: Grantee
  /** How many accounts are in the group; null when it is for an account. */
  members: number | null
  right: GrantableRight
  /** It counts until just before; null for ever. */
  expiresAtMs: number | null
  /** Name of the account that made it; null when that account is gone. */
  createdBy: string | null
  createdAtMs: number
}

/** What a link allows, for who may see that there is one. */
export interface LinkSummary {
  id: string
  place: Place
  mode: 'view' | 'upload'
  label: string
  expiresAtMs: number | null
  createdBy: string | null
  createdAtMs: number
}

/** Who may do what at a place, and why. */
export interface Permissions {
  /** What the viewer may do there. */
  right: Right
  isOwner: boolean
  /** The grants that give the viewer something there. */
  own: Grant[]
  /** The first of all grants and of all links that apply there; null to who may not manage. */
  all: { grants: Grant[]; links: LinkSummary[] } | null
}

/**
 * Sharing with accounts and groups. A grant that has expired counts nowhere, whether or not it was deleted. Who manages a
 * place by a grant may give to others what they hold, for as long as they hold it, and never to themselves.
 */
export interface GrantRecords {
  /** `null` unless the viewer manages the place or the grant is theirs or a group's that they are in. */
  find(viewer: Viewer, id: string): Promise<Grant | null>
  /** Those that apply at a place, also by a folder above it, oldest first. Nothing to who may not manage it. */
  listAt(viewer: Viewer, args: GrantListing): Promise<Grant[]>
  /** Those of others' files to the viewer or a group that they are in, by owner and path. */
  listOf(viewer: Viewer, args: SharedListing): Promise<Grant[]>
  /** What there is to know for the viewer about a place; `null` when they may not know it exists. */
  explain(viewer: Viewer, args: { place: Place; limit: number }): Promise<Permissions | null>
  /**
   * Makes the grant, or changes the one that the grantee has at this very place.
   * @throws `not_found` and `forbidden` unless the viewer manages the place; `invalid` with field `to` when there is no
   * such account, no such group that the viewer is in, or the account is the owner or the viewer; `invalid` with field
   * `expiresAt` when it would outlast the viewer's own right; `conflict` when there are too many.
   */
  set(viewer: Viewer, args: GrantSetting): Promise<{ grant: Grant; created: boolean }>
  /** What is undefined stays. @throws as `set`, and `forbidden` when the grant is to the viewer. */
  change(viewer: Viewer, args: GrantChange): Promise<Grant>
  /** @throws `not_found`; `forbidden` unless the viewer manages the place, is the grantee, or manages the group that is. */
  delete(viewer: Viewer, args: { id: string }): Promise<void>
  /** Deletes at most `limit` that have expired. @returns how many. */
  deleteExpired(args: { nowMs: number; limit: number }): Promise<number>
}

export interface GrantListing {
  place: Place
  after: { createdAtMs: number; id: string } | null
  limit: number
}

export interface SharedListing {
  after: SharedKey | null
  limit: number
}

/** A grant's place in the order of what is shared with somebody. */
export interface SharedKey {
  owner: string
  /** Of the file or the folder. */
  path: string
  id: string
}

export interface GrantSetting {
  /** Used when the grant is new. */
  id: string
  place: Place
  to: Grantee
  right: GrantableRight
  expiresAtMs: number | null
  /** How many grants one file or folder, and one owner, may have. */
  perPlaceMax: number
  perOwnerMax: number
}

export interface GrantChange {
  id: string
  right?: GrantableRight | undefined
  expiresAtMs?: number | null | undefined
}
