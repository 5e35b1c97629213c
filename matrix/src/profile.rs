//! How an account is shown to everybody.

use matrix_sdk::ruma::OwnedMxcUri;

use crate::{Account, Error, boxed, failed};

impl Account {
    /// Shows the account under this name, and with this picture (`mxc://…`) if there is one; what is so already stays.
    ///
    /// # Errors
    /// See [`Error`].
    #[boxed]
    pub async fn show_as(&self, name: &str, picture: Option<&str>) -> Result<(), Error> {
        let profile = self.client.account();
        let shown = profile.get_display_name().await.map_err(|error| failed(&error))?;
        if shown.as_deref() != Some(name) {
            profile.set_display_name(Some(name)).await.map_err(|error| failed(&error))?;
        }
        let Some(picture) = picture.map(OwnedMxcUri::from) else { return Ok(()) };
        let shown = profile.get_avatar_url().await.map_err(|error| failed(&error))?;
        if shown.as_ref() != Some(&picture) {
            profile.set_avatar_url(Some(&picture)).await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}
