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
