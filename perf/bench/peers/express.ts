import { createServer } from 'node:http'
import express, { type Request, type Response } from 'express'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { argumentOf, listenAsPeer } from './peer'

/** The obvious way to serve a model: an Express route in each process that awaits `session.run`. */
export interface ExpressArgument {
  socket: string
  models: Record<string, string>
}

interface InputHeader {
  name: string
  shape: number[]
  datatype: 'FP32' | 'INT32'
  parameters: { binary_data_size: number }
}

const { socket, models } = argumentOf() as ExpressArgument

function feedsOf(body: Buffer, headerBytes: number): Record<string, Tensor> {
  const header = JSON.parse(body.subarray(0, headerBytes).toString()) as { inputs: InputHeader[] }
  let offset = headerBytes
  return Object.fromEntries(
    header.inputs.map(({ name, shape, datatype, parameters }) => {
      const bytes = Uint8Array.from(body.subarray(offset, offset + parameters.binary_data_size))
      offset += parameters.binary_data_size
      return [
        name,
        datatype === 'FP32'
          ? new Tensor('float32', new Float32Array(bytes.buffer), shape)
          : new Tensor('int32', new Int32Array(bytes.buffer), shape),
      ]
    }),
  )
}

function send(response: Response, model: string, outputs: Record<string, Tensor>): void {
  const blobs = Object.values(outputs).map(({ data }) => {
    const { buffer, byteOffset, byteLength } = data as Float32Array<ArrayBuffer>
    return Buffer.from(buffer, byteOffset, byteLength)
  })
  const header = Buffer.from(
    JSON.stringify({
      model_name: model,
      model_version: '1',
      outputs: Object.entries(outputs).map(([name, { dims, type }], index) => ({
        name,
        datatype: type === 'float32' ? 'FP32' : 'INT32',
        shape: dims,
        parameters: { binary_data_size: blobs[index]!.length },
      })),
    }),
  )
  response.set('Inference-Header-Content-Length', String(header.length))
  response.set('Content-Type', 'application/octet-stream')
  response.send(Buffer.concat([header, ...blobs]))
}

async function main(): Promise<void> {
  const sessions = new Map<string, InferenceSession>()
  for (const [model, file] of Object.entries(models))
    sessions.set(model, await InferenceSession.create(file, { intraOpNumThreads: 1 }))
  const app = express()
  // Express prints every client that leaves, as the load generator does at the end of each measurement.
  app.set('env', 'test')
  app.post(
    '/v2/models/:model/infer',
    express.raw({ type: () => true, limit: '64mb' }),
    async (request: Request, response: Response) => {
      const model = String(request.params['model'])
      const headerBytes = Number(request.get('inference-header-content-length'))
      const outputs = await sessions.get(model)!.run(feedsOf(request.body as Buffer, headerBytes))
      send(response, model, outputs)
    },
  )
  listenAsPeer(createServer(app), socket)
}

void main()
