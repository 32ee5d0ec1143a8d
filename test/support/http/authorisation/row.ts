import type { Response, Test } from 'supertest'
import type { TestAccount, TestService } from '../test-service'

/**
 * To add a route: write its rows into the `…-rows.ts` of its subject beside this file (or a new one, named in
 * `test/http/authorisation.test.ts`). A row is asked once by each kind of caller, each in a scene of its own, and states what
 * they are answered:
 *
 * - `[anonymous, owner, stranger, admin]` where sharing makes no difference;
 * - `[anonymous, owner, stranger, admin, viewer, editor, manager]` where it does, which is required of every route with
 *   an `:owner`. Viewers, editors and managers then come by every way there is to a right (see `Way`), and those whose
 *   right has ended, by every way that it can, must be answered like strangers.
 *
 * Whatever is refused must leave the owner's files as they were.
 */
export interface Row {
  /** As Express has it: `PUT /v1/files/:owner/*path`. Several rows may be of one route. */
  route: string
  answers: Answers | SharedAnswers
  /**
   * What is shared: the file `shared/kept` or all below the folder `shared`. Ask for `scene.file` or `scene.folder`.
   * Holders of a right to the file alone must be answered like strangers where it is the folder. `file` when absent.
   */
  on?: 'file' | 'folder'
  /** The owner's files have earlier versions too, and there is one in the trash: `scene.trashedId`. */
  hasPast?: boolean
  /** The owner has a resumable upload open: `scene.uploadId`. */
  hasUpload?: boolean
  /** To the token of an account that was deleted; the same as to the anonymous when absent. */
  deleted?: number
  ask(scene: Scene): PromiseLike<Response>
}

type Answers = [anonymous: number, owner: number, stranger: number, admin: number]
type SharedAnswers = [...Answers, viewer: number, editor: number, manager: number]

/** How somebody comes to a right: a grant to their account, to their group, or by a folder further up. */
export const ways = ['account', 'group', 'above'] as const
export type Way = (typeof ways)[number]

/** How a right ends. */
export const ends = ['expired', 'revoked', 'member removed', 'group deleted'] as const
export type End = (typeof ends)[number]

export const grantees = ['view', 'edit', 'manage'] as const

/** Who asks. */
export type Actor =
  | {
      kind: 'anonymous' | 'owner' | 'stranger' | 'admin' | 'deleted account' | 'holder of the file'
    }
  | { kind: 'grantee'; right: (typeof grantees)[number]; way: Way }
  | { kind: 'former grantee'; end: End }

/** What is asked about, made for one caller. The owner has the files `kept` and, when it is about sharing, `shared/kept`. */
export interface Scene {
  service: TestService
  owner: TestAccount
  /** `<owner>/shared/kept` */
  file: string
  /** `<owner>/shared` */
  folder: string
  /** Of a file in the owner's trash. */
  trashedId: string
  /** Of the owner's open upload. */
  uploadId: string
  /** A session of the owner's beside the one that may be asking. */
  otherSessionId: string
  /** A group that the owner manages and whose other member is `member`, who has the right to view. */
  group: string
  member: string
  /** Of the grant to `member`. */
  grantId: string
  /** Asks as the caller whose turn it is. */
  call(method: string, path: string): Test
}

export interface Cell {
  actor: Actor
  status: number
}

/** Every caller of a row with what they should be answered. */
export function cellsOf({ answers, on = 'file', deleted }: Row): Cell[] {
  const [anonymous, owner, stranger, admin, ...shared] = answers
  const cells: Cell[] = [
    { actor: { kind: 'anonymous' }, status: anonymous },
    { actor: { kind: 'owner' }, status: owner },
    { actor: { kind: 'stranger' }, status: stranger },
    { actor: { kind: 'admin' }, status: admin },
    { actor: { kind: 'deleted account' }, status: deleted ?? anonymous },
  ]
  if (shared.length === 0) return cells
  for (const [index, right] of grantees.entries())
    for (const way of ways)
      cells.push({ actor: { kind: 'grantee', right, way }, status: shared[index]! })
  for (const end of ends) cells.push({ actor: { kind: 'former grantee', end }, status: stranger })
  if (on === 'folder') cells.push({ actor: { kind: 'holder of the file' }, status: stranger })
  return cells
}

export function nameOf(actor: Actor): string {
  if (actor.kind === 'grantee') return `${actor.right} by ${actor.way}`
  return actor.kind === 'former grantee' ? `grantee, ${actor.end}` : actor.kind
}

/** The row says it for a route of which it does not matter who shares what. */
export function saysHowShared({ answers }: Row): boolean {
  return answers.length > 4
}
