import type { Server } from 'node:http'
import type { RoleContext, ServiceStatus } from './config/process-setup'
import type { Config } from './config/schema'
import { readVersion } from './config/version'
import { createBackgroundWork } from './background-work'
import { createFileServices, type Backends, type FileServices } from './file-services'
import { openDiskBlobStore } from './blobs/disk/disk-blob-store'
import { spaceKeeper } from './blobs/disk/free-space'
import { openDatabase } from './database/open-database'
import type { ModelPins } from './domain/model-pins'
import { ContentHeaders } from './http/downloads/file-headers'
import { InlineTypes } from './http/downloads/presentation'
import type { DownloadOptions } from './http/downloads/send-file'
import { watchAppends } from './http/append-counts'
import { inferencePipe } from './http/inference-pipe'
import { inferenceStatements } from './http/inference-statements'
import { authenticator } from './http/middleware/authenticate'
import { RequestCounts } from './http/request-counts'
import type { Route } from './http/route'
import { archiveRoutes } from './http/routes/archives'
import { accountRoutes } from './http/routes/accounts'
import { authorizeRoute } from './http/routes/authorize'
import { bulkRoutes } from './http/routes/bulk'
import { fileRoutes } from './http/routes/files'
import { grantRoutes } from './http/routes/grants'
import { groupRoutes } from './http/routes/groups'
import { formRoutes } from './http/routes/forms'
import { linkRoutes } from './http/routes/links'
import { linkVisitRoutes } from './http/routes/link-visits'
import { healthRoutes } from './http/routes/health'
import { infoRoutes } from './http/routes/info'
import { listingRoutes } from './http/routes/listing'
import { loggingRoutes } from './http/routes/logging'
import { metricsRoute } from './http/routes/metrics'
import { modelRoutes } from './http/routes/models'
import { permissionRoutes } from './http/routes/permissions'
import { patchRoutes } from './http/routes/patches'
import { sharedMemoryRoutes } from './http/routes/shared-memory'
import { withOpenapi } from './http/routes/openapi'
import { signedUrlRoutes } from './http/routes/signed-urls'
import { sessionRoutes } from './http/routes/sessions'
import { uploadRoutes } from './http/routes/uploads'
import { statisticsRoutes } from './http/routes/statistics'
import { traceRoutes } from './http/routes/trace-setting'
import { trashRoutes } from './http/routes/trash'
import { versionRoutes } from './http/routes/versions'
import { createHttpServer } from './http/server'
import { DiskModelUploads } from './model/disk-model-uploads'
import { createPasswordHasher } from './passwords/create-password-hasher'
import { openFaultPoints } from './platform/fault-points'
import { SecretFile } from './platform/secret-file'
import { Semaphore } from './platform/semaphore'
import { AccountService } from './services/account-service'
import { ModelService } from './services/model-service'
import { SharedMemoryService } from './services/shared-memory-service'
import { MonitoringService } from './services/monitoring-service'
import { SessionService } from './services/session-service'

/** A worker's whole service, open but not listening. */
export interface App {
  server: Server
  /** What the primary last said; `/readyz` answers from it. */
  setStatus(status: ServiceStatus): void
  /** Makes durable what was answered before it was; to be called while requests are still taken. */
  settle(): Promise<void>
  /** Closes what the app opened, last first. The server must have ended its requests already. */
  close(): Promise<void>
}

interface Services extends FileServices {
  accounts: AccountService
  models: ModelService
  sharedMemory: SharedMemoryService
  monitoring: MonitoringService
  sessions: SessionService
}

// One worker sweeps for all of them.
const sweepingSlot = 1

/** The composition root: configuration → backends → services → doors. `now` is in ms since 1970. */
export async function openApp(context: RoleContext, now: () => number = Date.now): Promise<App> {
  const backends = await openBackends(context)
  const services = createServices(context, backends, now)
  let status: ServiceStatus | null = null
  const routes = createRoutes(context, { ...backends, ...services, now, status: () => status })
  const pins = () => status?.pins ?? {}
  const server = createServer(context, { ...services, pins }, routes)
  const background = createBackgroundWork(context, { ...backends, now })
  if (context.setup.slot === sweepingSlot) background.start()
  return {
    server,
    setStatus: (latest) => (status = latest),
    settle: () => services.files.endAppends(),
    async close() {
      await services.files.endAppends()
      await background.stop()
      await backends.database.close()
      await backends.blobs.close()
    },
  }
}

interface ServerParts {
  sessions: SessionService
  pins(): ModelPins
}

function createServer(context: RoleContext, parts: ServerParts, routes: Route[]): Server {
  const { setup, perf, log, counts } = context
  const { config } = setup
  const requests = new RequestCounts(counts, setup.slot)
  const dependencies = {
    config: config.http,
    routes,
    sessions: parts.sessions,
    perf,
    log,
    requests,
  }
  if (config.http.nginx) return createHttpServer(dependencies)
  return createHttpServer({ ...dependencies, inference: createInferencePipe(context, parts) })
}

function createInferencePipe({ setup, paths }: RoleContext, { sessions, pins }: ServerParts) {
  const { cluster, http, inference } = setup.config
  const slots = Array.from({ length: cluster.engines }, (_, index) => index + 1)
  return inferencePipe({
    ...inference,
    bodyIdleTimeoutMs: http.bodyIdleTimeoutMs,
    socketPaths: slots.map((slot) => paths.socket(`engine-${slot}`)),
    pins,
    authenticate: authenticator(sessions),
  })
}

async function openBackends({ setup, paths, perf }: RoleContext): Promise<Backends> {
  const { config } = setup
  const requireSpace = spaceKeeper([paths.blobs, paths.database], config.files.freeBytesMin)
  const turns = new Semaphore(config.passwords)
  const faults = openFaultPoints(config.test.faultOrders)
  perf.gauge('password_wait', () => turns.waitingCount)
  return {
    requireSpace,
    blobs: await openDiskBlobStore(paths, faults, requireSpace),
    database: faults.around('', await openDatabase({ config, paths })),
    hasher: createPasswordHasher(config.passwords, turns),
    signingKey: await new SecretFile(paths.signingKey).ensure(),
  }
}

function createServices(
  { setup, paths, log, control, counts }: RoleContext,
  backends: Backends,
  now: () => number,
): Services {
  const { config } = setup
  const onBackgroundError = (err: unknown) => log.warn({ err }, 'work beside a request failed')
  return {
    accounts: new AccountService({
      ...backends,
      settings: config.accounts,
      firstAccountToken: new SecretFile(paths.firstAccountToken),
      now,
      onBackgroundError,
    }),
    ...createFileServices(config, { ...backends, now, appendWatch: watchAppends(counts, log) }),
    models: new ModelService({
      control,
      uploads: new DiskModelUploads(paths.uploadedModels),
    }),
    sharedMemory: new SharedMemoryService(control),
    monitoring: new MonitoringService({ control, ...config.metrics }),
    sessions: new SessionService({
      ...backends,
      settings: config.sessions,
      now,
      onBackgroundError,
    }),
  }
}

function createRoutes(
  { setup }: RoleContext,
  use: Backends & Services & { status: () => ServiceStatus | null; now: () => number },
): Route[] {
  const { files, http, metrics } = setup.config
  const downloads = downloadOptionsOf(setup.config)
  const transfers = { downloads, bodyIdleTimeoutMs: http.bodyIdleTimeoutMs }
  const routes = [
    ...healthRoutes({ pingDatabase: () => use.database.ping(), status: use.status }),
    ...accountRoutes(use.accounts),
    ...sessionRoutes(use.sessions),
    ...fileRoutes(use.files, { ...transfers, limits: files }),
    ...uploadRoutes(use.uploads, { ...files, bodyIdleTimeoutMs: http.bodyIdleTimeoutMs }),
    ...patchRoutes(use.files, { ...setup.config.files, ...http }),
    ...formRoutes(use.files, { ...setup.config.files, ...http }),
    ...linkRoutes(use.links, use.now),
    ...linkVisitRoutes(use.linkVisits, transfers),
    ...signedUrlRoutes(use.signedUrls, transfers),
    ...versionRoutes(use.versions),
    ...trashRoutes(use.trash),
    ...listingRoutes(use.listing),
    ...infoRoutes(use.info),
    ...bulkRoutes(use.bulk, { bodyBytesMax: setup.config.files.bulkBodyBytesMax }),
    ...archiveRoutes(use.archives, downloads),
    ...groupRoutes(use.groups),
    ...grantRoutes(use.sharing),
    ...permissionRoutes(use.sharing),
    ...modelRoutes(use.models, setup.config.inference),
    ...sharedMemoryRoutes(use.sharedMemory, setup.config.inference),
    ...statisticsRoutes(use.monitoring, setup.config.inference),
    ...traceRoutes(use.monitoring, setup.config.inference),
    ...loggingRoutes(use.monitoring, setup.config.inference),
    metricsRoute(use.monitoring, metrics.requireToken),
    ...(http.nginx ? [authorizeRoute()] : []),
  ]
  return withOpenapi(routes, inferenceStatements(setup.config.inference), readVersion())
}

function downloadOptionsOf({ http, files }: Config): DownloadOptions {
  return {
    headers: new ContentHeaders(new InlineTypes(files.inlineTypes)),
    rangesMax: files.rangesMax,
    viaNginx: http.nginx,
  }
}
