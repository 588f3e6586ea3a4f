// The texts the suites run.

/** A Deployment as somebody would paste it; `image` and `replicas` are what the suites change. */
export const deployment = ({ image = "shop/web:1.4", replicas = 4, extra = "" } = {}) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: ${image}
${extra}`;

const app = (name, image, replicas) => `---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
        - name: ${name}
          image: ${image}
          ports: [{containerPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: 8080}]}
`;

/** A shop behind an Ingress: `/` leads to `web`, `path` to `api`; `load` requests a second come from second 6 on. */
export const shop = ({ path = "/api", load = 60, web = 3, api = 2 } = {}) => `apiVersion: opscape.dev/v1alpha1
kind: Lab
metadata: {name: shop}
spec:
  images:
    - {name: "shop/*", readyAfter: 1s, serve: {concurrency: 16, time: 20ms}}
  load:
    - name: shoppers
      rate: ${load}
      at: 6s
      requests:
        - {url: "http://shop.example/", weight: 2}
        - {url: "http://shop.example/api/items", weight: 1}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example
      http:
        paths:
          - {path: ${path}, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
${app("web", "shop/web:1.4", web)}${app("api", "shop/api:3.1", api)}`;
