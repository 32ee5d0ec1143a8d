import type { InferenceCase } from './inference-cases'

/** What the protocol's extensions have and this service does not, or not by default. */
export const unservedCases: readonly InferenceCase[] = [
  {
    name: 'CUDA shared memory',
    path: '/v2/cudasharedmemory/status',
    status: 501,
    says: 'cuda_shared_memory extension is not supported',
  },
  {
    name: 'shared memory that is switched off',
    path: '/v2/systemsharedmemory/status',
    status: 501,
    says: 'system shared memory is switched off',
  },
  {
    name: 'generate',
    path: '/v2/models/simple/generate',
    method: 'POST',
    body: '{}',
    status: 501,
    says: 'generate extension is not supported',
  },
]
