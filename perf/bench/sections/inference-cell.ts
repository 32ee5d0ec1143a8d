import type { Load } from '../wrk'
import type { Prepared } from './inference-peers'

export const targets = ['service', 'transport', 'alternative'] as const
export type Target = (typeof targets)[number]

/** All rounds of one model at one number of clients. */
export interface Cell {
  prepared: Prepared
  clients: number
  loads: Record<Target, Load[]>
}
