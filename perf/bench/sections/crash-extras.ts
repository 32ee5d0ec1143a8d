import type { Service } from '../service'
import type { Ledger } from './crash-ledger'
import { ask } from './crash-requests'
import { ResumableLoad } from './crash-resumable'

type Steps = (() => Promise<boolean>)[]

export interface Extras {
  /** Of what takes part, for the report. */
  names: readonly string[]
  stepsFor(service: Service, ledger: Ledger): Steps
}

/** Resumable uploads and appends: each takes part in the load as far as the service offers it. */
export async function extrasOf(service: Service): Promise<Extras> {
  const offered = await ask(service, 'OPTIONS', '/v1/uploads').catch(() => null)
  const isResumable = offered?.headers.has('tus-version') ?? false
  return {
    names: [...(isResumable ? ['resumable uploads'] : [])],
    stepsFor: (at, ledger) => [...(isResumable ? resumableSteps(at, ledger) : [])],
  }
}

function resumableSteps(service: Service, ledger: Ledger): Steps {
  const uploads = new ResumableLoad(service, ledger)
  return [() => uploads.step(), () => uploads.step()]
}
