//! Requests of kubectl to the API server, on values as they go over the wire.

use opscape_cluster::{DeleteOptions, Request, Status, WriteOptions};
use opscape_manifest::api::{Object, ObjectKey};
use opscape_manifest::order;
use opscape_manifest::value::Value;

use super::{Call, Failure, Resource};

/// The answer `404` for a resource.
pub(crate) fn not_found(resource: &Resource, name: &str) -> Status {
    opscape_cluster::ResourceName { plural: resource.plural, api_version: resource.api_version }
        .not_found(name)
}

impl Call<'_, '_> {
    /// The objects of a resource, in order of namespace and name.
    pub fn list(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Object> {
        let namespace = namespace.filter(|_| resource.namespaced);
        let mut found = self.scope.world.cluster().store().objects(resource.kind, namespace);
        found.retain(|object| {
            Resource::of_object(object).is_some_and(|kind| kind.group() == resource.group())
        });
        if resource.plural == "endpoints" {
            found.extend(self.scope.world.cluster().endpoints(namespace));
            order::sort_by(&mut found, |a, b| a.key().cmp(&b.key()));
        }
        found
    }

    /// An object by its name.
    pub fn read(&self, resource: &Resource, namespace: &str, name: &str) -> Result<Object, Status> {
        let namespace = if resource.namespaced { namespace } else { "" };
        let cluster = self.scope.world.cluster();
        let mut found = cluster.store().object(resource.kind, namespace, name);
        if resource.plural == "endpoints" {
            found = found.or_else(|| cluster.endpoints_of(namespace, name));
        }
        found.ok_or_else(|| not_found(resource, name))
    }

    /// Creates the object of a value.
    pub fn create(&mut self, value: &Value, dry_run: bool) -> Result<Object, Failure> {
        let object = decode(value)?;
        Ok(self.scope.world.request(Request::Create(object, WriteOptions { dry_run }))?)
    }

    /// Replaces the object of a value.
    pub fn update(&mut self, value: &Value, dry_run: bool) -> Result<Object, Failure> {
        let object = decode(value)?;
        Ok(self.scope.world.request(Request::Update(object, WriteOptions { dry_run }))?)
    }

    /// Deletes an object.
    pub fn delete(&mut self, key: ObjectKey, options: DeleteOptions) -> Result<Object, Status> {
        self.scope.world.request(Request::Delete(key, options))
    }
}

fn decode(value: &Value) -> Result<Object, Failure> {
    Object::from_value(value).map_err(|error| Failure::Api(Status::bad_request(error.0)))
}
