import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeInferRequest } from '../../webserver/demo/tensors'
import type { Case } from './cases'
import { requestBytes } from './load/load'
import type { Service } from './service'
import { writeScript } from './wrk'

/** A case ready to be sent, with the service's own answer for the bare server to repeat. */
export interface Prepared {
  sample: Case
  file: string
  path: string
  /** For wrk. */
  script: string
  /** For the load generator: the whole request. */
  request: Buffer
  bodyBytes: number
  answer: { file: string; headers: Record<string, string>; bytes: number }
}

/** @throws {Error} when the service does not answer 200. */
export async function prepareCase(
  service: Service,
  directory: string,
  sample: Case,
  file: string,
): Promise<Prepared> {
  const path = `/v2/models/${sample.model}/infer`
  const { body, headerBytes } = encodeInferRequest(sample.inputs)
  const bodyFile = join(directory, `${sample.model}.request`)
  writeFileSync(bodyFile, body)
  const headers = {
    authorization: service.client.authorization,
    'inference-header-content-length': String(headerBytes),
  }
  const script = writeScript(directory, sample.model, { method: 'POST', headers, bodyFile })
  const response = await fetch(new URL(path, service.url), { method: 'POST', headers, body })
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${bytes.toString()}`)
  const answer = join(directory, `${sample.model}.response`)
  writeFileSync(answer, bytes)
  return {
    ...{ sample, file, path, script, bodyBytes: body.length },
    request: requestBytes({ method: 'POST', path, headers, body }),
    answer: { file: answer, headers: answerHeaders(response), bytes: bytes.length },
  }
}

function answerHeaders({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    ['content-type', 'inference-header-content-length'].flatMap((name) => {
      const value = headers.get(name)
      return value === null ? [] : [[name, value] as const]
    }),
  )
}
