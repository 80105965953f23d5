// Azure Cosmos DB, for when one machine is not enough: the account, its database and the containers of
// cosmos.json, which `python -m store.layout` writes from store/containers.py. Hearback goes in by its
// managed identity, may read and write documents, and can make or remove nothing.

param accountName string
param location string
param principalId string

@description('Most request units a second that the database may use; it is billed from a tenth of them on. 0: serverless.')
param maxThroughput int = 0

var databaseName = 'hearback'
var containers = loadJsonContent('cosmos.json')
var dataContributor = '00000000-0000-0000-0000-000000000002' // built in: documents, not databases

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-05-15' = {
  name: accountName
  location: location
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0 }]
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    capabilities: maxThroughput == 0 ? [{ name: 'EnableServerless' }] : []
    backupPolicy: {
      type: 'Continuous'
      continuousModeProperties: { tier: 'Continuous7Days' }
    }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-05-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: { id: databaseName }
    options: maxThroughput == 0 ? {} : { autoscaleSettings: { maxThroughput: maxThroughput } }
  }
}

resource container 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-05-15' = [for one in containers: {
  parent: database
  name: one.id
  properties: { resource: one }
}]

resource mayWrite 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-05-15' = {
  parent: account
  name: guid(account.id, principalId, dataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
    scope: '${account.id}/dbs/${databaseName}'
  }
}

resource keeps 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'answers'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'The answers are in it.'
  }
}
