import { commandNames } from '../../../webserver/database/operations'
import type { Fault } from '../../../webserver/platform/fault-points'

export interface Point {
  point: string
  about?: string
  /** Chosen at random up to this: how often a process passes it within a second. */
  passMax: number
}

export const processes = ['worker', 'writer', 'nginx', 'engine', 'primary', 'all'] as const

/** What is to die, at a step or at any moment. */
export type Victim = { point: Point } | { role: (typeof processes)[number] }

/** The way of a content to the disk, and of one away from it. */
const diskSteps = [
  ...['store.createDraft:after', 'draft.write:after', 'draft.seal:before', 'draft.seal:after'],
  ...['draft.publish:before', 'directories.sync:before', 'directories.sync:after'],
  ...['draft.publish:after', 'draft.discard:before', 'draft.discard:after'],
  ...['store.openDraft:after', 'draft.flush:before', 'draft.flush:after', 'draft.close:after'],
  ...['store.publishDraft:before', 'store.publishDraft:after'],
  ...['store.removeDraft:before', 'store.removeDraft:after'],
  ...['store.remove:before', 'store.remove:after'],
]

/** What the load does; commands of other parts are not asked for by it. */
const loaded = /^(files|versions|trash|uploads|contents|blobs|bulk)\./

/** Every step at which a process can be ended: before a command is sent, at each step of the writer, and after its answer. */
export function everyPoint(): Point[] {
  const commands = commandNames.filter((name) => loaded.test(name))
  return [
    ...diskSteps.map((point) => ({ point, passMax: 3 })),
    ...commands.flatMap((name) => [
      { point: `${name}:before`, passMax: 2 },
      { point: `${name}:after`, passMax: 2 },
      ...['begin', 'commit', 'answer'].map((step) => ({
        point: `writer:${step}`,
        about: name,
        passMax: 2,
      })),
    ]),
  ]
}

export function nameOf({ point, about }: Pick<Fault, 'point' | 'about'>): string {
  return about === undefined ? point : `${point} of ${about}`
}

/** Which process passes it. */
export function roleAt({ point }: Point): 'worker' | 'writer' {
  return point.startsWith('writer:') ? 'writer' : 'worker'
}
