import type { Load } from '../wrk'
import type { Prepared } from '../prepare-case'

export const targets = ['service', 'transport', 'express', 'fastapi'] as const
export type Target = (typeof targets)[number]

/** All rounds of one model at one number of clients; none of FastAPI where it cannot run. */
export interface Cell {
  prepared: Prepared
  clients: number
  loads: Record<Target, Load[]>
}
