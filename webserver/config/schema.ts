import { z } from 'zod'
import { accounts, passwords, sessions } from './sections/accounts'
import { cluster } from './sections/cluster'
import { models, inference } from './sections/inference'
import { links, signedUrls } from './sections/links'
import { metrics } from './sections/metrics'
import { perf } from './sections/perf'
import { data, http, log, test } from './sections/service'
import { sharing } from './sections/sharing'
import { files, database } from './sections/storage'

/** Every setting of Gristmill. Names carry their unit; `notes/configuration.md` is generated from here. */
export const configSchema = z.strictObject({
  data,
  http,
  cluster,
  accounts,
  passwords,
  sessions,
  files,
  sharing,
  links,
  signedUrls,
  database,
  models,
  inference,
  perf,
  metrics,
  log,
  test,
})

export type Config = Readonly<z.infer<typeof configSchema>>
export type ConfigInput = z.input<typeof configSchema>
