/**
 * A program of its own, since a library that does not fit may end its process: tries each execution provider of its
 * arguments on a graph of one node, and prints what came of it as a line of JSON ({@link ProbeResult}).
 */
export interface ProbeResult {
  /** What this build of the library has been made with; the libraries of some are not part of it. */
  built: string[]
  /** Why a provider cannot be used; those that can are not named. */
  failures: Record<string, string>
}

// An Identity of FP32 [N,M], as ONNX.
const graph =
  'CAgSCWdyaXN0bWlsbDpdChsKBklOUFVUMBIHT1VUUFVUMCIISWRlbnRpdHkSBWdyYXBoWhoKBklOUFVUMBIQCg4IARIKCgMSAU4KAxIBTWIb' +
  'CgdPVVRQVVQwEhAKDggBEgoKAxIBTgoDEgFNQgQKABAR'

async function main(providers: readonly string[]): Promise<void> {
  const ort = await import('onnxruntime-node')
  const failures: Record<string, string> = {}
  for (const provider of providers) {
    try {
      const session = await ort.InferenceSession.create(Buffer.from(graph, 'base64'), {
        executionProviders: [provider],
      })
      await session.release()
    } catch (error) {
      failures[provider] = (error as Error).message.split('\n', 1)[0]!
    }
  }
  const built = ort.listSupportedBackends().map(({ name }) => name)
  process.stdout.write(`${JSON.stringify({ built, failures } satisfies ProbeResult)}\n`)
}

void main(process.argv.slice(2))
