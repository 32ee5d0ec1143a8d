/** The layers of DESIGN §2 as rules; test/architecture runs them. */
const owner = (name, packagePattern, folder) => ({
  name: `${name}-has-one-owner`,
  severity: 'error',
  from: { path: '^(webserver|perf|cluster\\.config)', pathNot: folder },
  to: { path: packagePattern },
})

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^webserver/domain' },
      to: { pathNot: '^webserver/domain', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'platform-knows-nothing-of-us',
      severity: 'error',
      from: { path: '^webserver/platform' },
      to: { path: '^(webserver|perf)', pathNot: '^webserver/platform' },
    },
    {
      name: 'services-know-the-domain-only',
      severity: 'error',
      from: { path: '^webserver/services' },
      to: { path: '^(webserver|perf)', pathNot: '^webserver/(services|domain|platform)' },
    },
    {
      name: 'a-backend-knows-no-backend',
      severity: 'error',
      from: { path: '^webserver/(database|blobs|passwords)/' },
      to: { path: '^webserver/(services|http|cluster|model)' },
    },
    {
      name: 'database-knows-no-blobs',
      severity: 'error',
      from: { path: '^webserver/database' },
      to: { path: '^webserver/(blobs|passwords)' },
    },
    {
      name: 'blobs-know-no-database',
      severity: 'error',
      from: { path: '^webserver/blobs' },
      to: { path: '^webserver/(database|passwords)' },
    },
    {
      name: 'metrics-know-the-domain-only',
      severity: 'error',
      from: { path: '^webserver/metrics' },
      to: { path: '^(webserver|perf)/', pathNot: '^webserver/(metrics|domain)' },
    },
    {
      name: 'a-door-calls-services',
      severity: 'error',
      from: { path: '^webserver/http' },
      to: { path: '^webserver/(database|blobs|passwords|cluster)' },
    },
    {
      name: 'the-engine-stands-alone',
      severity: 'error',
      from: { path: '^webserver/model/engine' },
      to: { path: '^webserver/(database|blobs|services|http|cluster|passwords)' },
    },
    owner('express', 'node_modules/express', '^(webserver/http|perf/bench)'),
    owner('onnxruntime', 'node_modules/onnxruntime-node', '^(webserver/model/engine|perf/bench)'),
    owner('sqlite', 'node_modules/better-sqlite3', '^webserver/database/sqlite'),
    {
      name: 'cluster-has-one-owner',
      severity: 'error',
      from: { pathNot: '^(webserver/cluster|perf/bench)' },
      to: { path: '^(node:)?cluster$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
}
