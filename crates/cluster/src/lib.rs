//! A Kubernetes control plane in virtual time: store and watch, controllers, scheduler, kubelets.
