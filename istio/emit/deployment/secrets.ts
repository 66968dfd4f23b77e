import { ExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1";
import { CLUSTER_FOLDER, type GeneratedFile, kustomization, yamlFile } from "../../files.ts";
import { NAMESPACE } from "../../names.ts";
import { literalsOf } from "./settings.ts";
import { labelsOf, type Unit } from "./unit.ts";

/** The ClusterSecretStore of External Secrets that an environment's secrets are kept in. */
export const SECRET_STORE = "shopmesh";
/** How soon a changed secret is in the cluster. */
const REFRESH_INTERVAL = "15m";

const withSecrets = (units: readonly Unit[]) => units.filter((it) => Object.keys(it.secrets).length > 0);

/** A Secret for each workload that needs one, with what everybody may know: for dev alone. */
export function plainSecretFiles(units: readonly Unit[]): GeneratedFile[] {
  const secretGenerator = withSecrets(units).map((unit) => ({
    name: unit.name,
    literals: literalsOf(unit.secrets),
    options: { labels: labelsOf(unit) },
  }));
  return [
    yamlFile(`${CLUSTER_FOLDER}/secrets/plain/kustomization.yaml`, [
      { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", namespace: NAMESPACE, secretGenerator },
    ]),
  ];
}

/** Where each of a workload's secrets lies: the property of its name, of the store's entry "shopmesh/<workload>". */
export function externalSecret(unit: Unit): ExternalSecret {
  const names = Object.keys(unit.secrets);
  return new ExternalSecret({
    metadata: { name: unit.name, namespace: NAMESPACE, labels: labelsOf(unit) },
    spec: {
      refreshInterval: REFRESH_INTERVAL,
      secretStoreRef: { kind: "ClusterSecretStore", name: SECRET_STORE },
      target: { name: unit.name, creationPolicy: "Owner" },
      data: names.map((secretKey) => ({
        secretKey,
        remoteRef: { key: `shopmesh/${unit.name}`, property: secretKey },
      })),
    },
  });
}

/** The same Secrets, filled from a store outside the cluster. */
export function externalSecretFiles(units: readonly Unit[]): GeneratedFile[] {
  const folder = `${CLUSTER_FOLDER}/secrets/external`;
  const files = withSecrets(units).map((it) => yamlFile(`${folder}/${it.name}.yaml`, [externalSecret(it)]));
  return [...files, kustomization(folder, files)];
}
