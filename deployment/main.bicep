// Everything one Hearback needs in one resource group: the machine with its data disk, the image registry,
// the vault with the bot's secret, the backups and the bot registration with its Teams channel.
// deployment/README.md says why it is a machine and not a Web App.

@description('Client id of the app registration (Entra ID, this organisation only).')
param appId string

@description('Tenant of that registration.')
param appTenantId string = tenant().tenantId

@secure()
@description('Client secret of that registration. Leave empty to keep the one already in the vault.')
param appPassword string = ''

@description('Entra object ids of the admins, comma separated.')
param admins string

@description('Tenant ids whose members are engineers, comma separated.')
param homeTenants string = appTenantId

@description('Further tenant ids to talk to, comma separated.')
param allowedTenants string = ''

@description('Tag of the image to run: the version of Hearback.')
param imageTag string

@description('Your own host name for the bot; empty: the name Azure gives. Point it at the machine first.')
param publicHost string = ''

@description('Public SSH key that Azure asks for. No SSH port is open.')
param sshPublicKey string

@description('Where the resources live.')
param location string = resourceGroup().location

@description('Size of the machine: SCSI disks and Premium storage are needed.')
param machineSize string = 'Standard_B2als_v2'

@description('Keep the documents in Azure Cosmos DB instead of on the disk of the machine.')
param inCosmos bool = false

@description('Make the account of Azure Cosmos DB while the documents are still on the disk: to move them into it.')
param withCosmos bool = inCosmos

@description('Of that account: most request units a second; 0: serverless.')
param cosmosThroughput int = 0

var suffix = uniqueString(resourceGroup().id)
var secretName = 'bot-password'

// Names are those of .env.example.
var appSettings = {
  MicrosoftAppId: appId
  MicrosoftAppType: 'SingleTenant'
  MicrosoftAppTenantId: appTenantId
  HEARBACK_STORE: 'sqlite:////data/hearback.db'
  HEARBACK_ADMINS: admins
  HEARBACK_HOME_TENANTS: homeTenants
  HEARBACK_ALLOWED_TENANTS: allowedTenants
}

// What takes their place when the documents are in Cosmos DB.
var cosmosSettings = {
  HEARBACK_STORE: 'cosmos'
  COSMOS_ENDPOINT: 'https://hearback-${suffix}.documents.azure.com'
  COSMOS_DATABASE: 'hearback'
}

// Settings whose value stays in the vault: the machine reads it into memory at every start.
var secretSettings = {
  MicrosoftAppPassword: secretName
}

var roles = {
  keyVaultSecretsUser: '4633458b-17de-408a-874b-0445c86b69e6'
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  storageBlobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'hearback'
  location: location
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: 'hearback-${suffix}'
  location: location
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enablePurgeProtection: true
  }
}

resource password 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(appPassword)) {
  parent: vault
  name: secretName
  properties: { value: appPassword }
}

resource readsSecret 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identity.id, roles.keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.keyVaultSecretsUser)
  }
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'hearback${suffix}'
  location: location
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false }
}

resource pullsImage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, roles.acrPull)
  scope: registry
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.acrPull)
  }
}

module backups 'backups.bicep' = {
  name: 'backups'
  params: {
    accountName: 'hearback${suffix}'
    location: location
    writerPrincipalId: identity.properties.principalId
    writerRoleId: roles.storageBlobDataContributor
  }
}

module cosmos 'cosmos.bicep' = if (inCosmos || withCosmos) {
  name: 'cosmos'
  params: {
    accountName: 'hearback-${suffix}'
    location: location
    principalId: identity.properties.principalId
    maxThroughput: cosmosThroughput
  }
}

module machine 'machine.bicep' = {
  name: 'machine'
  params: {
    location: location
    size: machineSize
    sshPublicKey: sshPublicKey
    publicHost: publicHost
    dnsLabel: 'hearback-${suffix}'
    identityId: identity.id
    appSettings: inCosmos ? union(appSettings, cosmosSettings) : appSettings
    secretSettings: secretSettings
    azureNames: {
      IDENTITY: identity.properties.clientId
      VAULT: vault.properties.vaultUri
      REGISTRY: registry.properties.loginServer
      IMAGE: '${registry.properties.loginServer}/hearback:${imageTag}'
      BACKUPS: backups.outputs.containerUrl
    }
  }
}

resource bot 'Microsoft.BotService/botServices@2022-09-15' = {
  name: 'hearback-${suffix}'
  location: 'global'
  kind: 'azurebot'
  sku: { name: 'F0' }
  properties: {
    displayName: 'Hearback'
    endpoint: 'https://${machine.outputs.host}/api/messages'
    msaAppId: appId
    msaAppType: 'SingleTenant'
    msaAppTenantId: appTenantId
  }
}

resource teams 'Microsoft.BotService/botServices/channels@2022-09-15' = {
  parent: bot
  name: 'MsTeamsChannel'
  location: 'global'
  properties: {
    channelName: 'MsTeamsChannel'
    properties: { isEnabled: true }
  }
}

output PUBLIC_HOST string = machine.outputs.host
output REGISTRY_NAME string = registry.name
output VAULT_NAME string = vault.name
output BACKUP_ACCOUNT string = backups.outputs.accountName
output COSMOS_ENDPOINT string = cosmosSettings.COSMOS_ENDPOINT
output MACHINE_NAME string = machine.outputs.machineName
