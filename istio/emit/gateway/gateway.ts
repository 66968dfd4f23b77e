import { Certificate } from "@kubernetes-models/cert-manager/cert-manager.io/v1";
import { Gateway, HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
import { EDGE_CERTIFICATE, EDGE_GATEWAY, NAMESPACE } from "../../names.ts";
import { PROXY_CONFIG } from "./proxy.ts";

/** Where browsers find the shop, until an overlay says another name. */
const HOST = "shopmesh.localhost";
const HTTP = "http";
const HTTPS = "https";
const PERMANENT_REDIRECT = 308;

const metadata = (name: string) => ({ name, namespace: NAMESPACE });

/** The listener that serves the shop, as routes name it. */
export const HTTPS_LISTENER = { name: EDGE_GATEWAY.gateway, sectionName: HTTPS } as const;

/** Two ports under one name: HTTP, which only sends on, and HTTPS. */
export function gateway(): Gateway {
  const allowedRoutes = { namespaces: { from: "Same" as const } };
  return new Gateway({
    metadata: metadata(EDGE_GATEWAY.gateway),
    spec: {
      gatewayClassName: "istio",
      infrastructure: {
        labels: { "app.kubernetes.io/part-of": "shopmesh" },
        parametersRef: { group: "", kind: "ConfigMap", name: PROXY_CONFIG },
      },
      listeners: [
        { name: HTTP, protocol: "HTTP", port: EDGE_GATEWAY.httpPort, hostname: HOST, allowedRoutes },
        {
          name: HTTPS,
          protocol: "HTTPS",
          port: EDGE_GATEWAY.httpsPort,
          hostname: HOST,
          allowedRoutes,
          tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: EDGE_CERTIFICATE }] },
        },
      ],
    },
  });
}

/** Sends everybody to the same address by HTTPS. */
export function redirect(): HTTPRoute {
  return new HTTPRoute({
    metadata: metadata("edge-redirect"),
    spec: {
      parentRefs: [{ name: EDGE_GATEWAY.gateway, sectionName: HTTP }],
      rules: [
        {
          name: "redirect",
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https", statusCode: PERMANENT_REDIRECT } }],
        },
      ],
    },
  });
}

/** What browsers see: signed by an Issuer that each overlay brings under this name. */
export function certificate(): Certificate {
  return new Certificate({
    metadata: metadata(EDGE_GATEWAY.gateway),
    spec: {
      secretName: EDGE_CERTIFICATE,
      dnsNames: [HOST],
      issuerRef: { group: "cert-manager.io", kind: "Issuer", name: EDGE_GATEWAY.gateway },
      privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
      usages: ["digital signature", "server auth"],
    },
  });
}
