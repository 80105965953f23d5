// One small Linux machine with the answers on a disk of its own. Exactly one: the SQLite file has one writer.
// The set-up script runs again whenever anything in it changes, so a deployment also changes settings.

param location string
param size string
param sshPublicKey string
param publicHost string
param dnsLabel string
param identityId string
param appSettings object
param secretSettings object
param azureNames object

var host = empty(publicHost) ? address.properties.dnsSettings.fqdn : publicHost

var files = [
  { path: '/etc/hearback/settings.env', mode: '644', body: base64(lines(union(appSettings, { HEARBACK_PUBLIC_URL: 'https://${host}' }))) }
  { path: '/etc/hearback/azure.env', mode: '644', body: base64(lines(azureNames)) }
  { path: '/etc/hearback/secrets.list', mode: '644', body: base64(lines(secretSettings)) }
  { path: '/etc/caddy/Caddyfile', mode: '644', body: base64(replace(loadTextContent('vm/Caddyfile'), '@@host@@', host)) }
  { path: '/usr/local/lib/hearback/azure.sh', mode: '644', body: loadFileAsBase64('vm/azure.sh') }
  { path: '/usr/local/sbin/hearback-fetch', mode: '755', body: loadFileAsBase64('vm/hearback-fetch.sh') }
  { path: '/usr/local/sbin/hearback-backup', mode: '755', body: loadFileAsBase64('vm/hearback-backup.sh') }
  { path: '/etc/systemd/system/hearback.service', mode: '644', body: loadFileAsBase64('vm/hearback.service') }
  { path: '/etc/systemd/system/hearback-backup.service', mode: '644', body: loadFileAsBase64('vm/hearback-backup.service') }
  { path: '/etc/systemd/system/hearback-backup.timer', mode: '644', body: loadFileAsBase64('vm/hearback-backup.timer') }
]
var placed = join(map(files, one => 'put ${one.path} ${one.mode} ${one.body}'), '\n')

func lines(values object) string => '${join(map(items(values), one => '${one.key}=${one.value}'), '\n')}\n'

resource wall 'Microsoft.Network/networkSecurityGroups@2024-01-01' = {
  name: 'hearback'
  location: location
  properties: {
    securityRules: [
      {
        name: 'https-and-its-certificate'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRanges: ['80', '443']
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: 'hearback'
  location: location
  properties: {
    addressSpace: { addressPrefixes: ['10.80.0.0/24'] }
    subnets: [
      {
        name: 'machine'
        properties: {
          addressPrefix: '10.80.0.0/28'
          networkSecurityGroup: { id: wall.id }
        }
      }
    ]
  }
}

resource address 'Microsoft.Network/publicIPAddresses@2024-01-01' = {
  name: 'hearback'
  location: location
  sku: { name: 'Standard' }
  properties: {
    publicIPAllocationMethod: 'Static'
    dnsSettings: { domainNameLabel: dnsLabel }
  }
}

resource card 'Microsoft.Network/networkInterfaces@2024-01-01' = {
  name: 'hearback'
  location: location
  properties: {
    ipConfigurations: [
      {
        name: 'only'
        properties: {
          subnet: { id: network.properties.subnets[0].id }
          publicIPAddress: { id: address.id }
        }
      }
    ]
  }
}

resource answers 'Microsoft.Compute/disks@2024-03-02' = {
  name: 'hearback-answers'
  location: location
  sku: { name: 'Premium_LRS' }
  properties: {
    diskSizeGB: 32
    creationData: { createOption: 'Empty' }
  }
}

resource keepsAnswers 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'the-answers-live-here'
  scope: answers
  properties: { level: 'CanNotDelete' }
}

resource machine 'Microsoft.Compute/virtualMachines@2024-07-01' = {
  name: 'hearback'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    hardwareProfile: { vmSize: size }
    osProfile: {
      computerName: 'hearback'
      adminUsername: 'keeper'
      linuxConfiguration: {
        disablePasswordAuthentication: true
        ssh: { publicKeys: [{ path: '/home/keeper/.ssh/authorized_keys', keyData: sshPublicKey }] }
      }
    }
    storageProfile: {
      imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
      osDisk: {
        createOption: 'FromImage'
        deleteOption: 'Delete'
        managedDisk: { storageAccountType: 'StandardSSD_LRS' }
      }
      dataDisks: [
        {
          lun: 0
          createOption: 'Attach'
          deleteOption: 'Detach'
          caching: 'None' // a host cache could hold writes that were promised as durable
          managedDisk: { id: answers.id }
        }
      ]
    }
    networkProfile: { networkInterfaces: [{ id: card.id, properties: { deleteOption: 'Delete' } }] }
    diagnosticsProfile: { bootDiagnostics: { enabled: true } }
  }
}

resource setUp 'Microsoft.Compute/virtualMachines/extensions@2024-07-01' = {
  parent: machine
  name: 'set-up'
  location: location
  properties: {
    publisher: 'Microsoft.Azure.Extensions'
    type: 'CustomScript'
    typeHandlerVersion: '2.1'
    autoUpgradeMinorVersion: true
    settings: { script: base64(replace(loadTextContent('vm/install.sh'), '#@@files@@', placed)) }
  }
}

output host string = host
output machineName string = machine.name
