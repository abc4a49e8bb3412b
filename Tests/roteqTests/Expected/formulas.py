from sympy import *

eta = Symbol("eta", positive=True)  # learning rate
G_unit = Symbol("G_unit", positive=True)  # mean squared gradient norm at unit weight norm
lambda_ = Symbol("lambda_", positive=True)  # weight decay
alpha = Symbol("alpha", nonnegative=True)  # momentum
G = Symbol("G", positive=True)  # mean squared gradient norm
C = Symbol("C", positive=True)  # dimension (fan-in)
beta1 = Symbol("beta1", nonnegative=True)  # first moment coefficient
Gamma = Symbol("Gamma", positive=True)  # gradient mass
beta2 = Symbol("beta2", nonnegative=True)  # second moment coefficient
z = Symbol("z", positive=True)  # squared equilibrium norm
z2 = Symbol("z2", positive=True)  # squared equilibrium norm of the second moments
z_equation = Eq(4*lambda_**2*z**3 - eta**2*lambda_**2*C*z**2 - eta**2*Gamma**2, 0)  # solved by z > 0
z_estimate = (root(eta/(2*lambda_)*Gamma, 3))**2
z2_equation = Eq(2*lambda_*z2*sqrt(Gamma**2/(C**2*z2) + lambda_**2*z2/C), eta*(C*Gamma**2/(C**2*z2) + lambda_**2*z2*(1 - beta1)/(1 + beta1)))  # solved by z2 > 0
z2_estimate = (root(eta/(2*lambda_)*Gamma, 3))**2

sgdm_equilibrium_norm_leading = root(eta*G_unit/(2*lambda_*(1 - alpha)), 4)
sgdm_equilibrium_norm_geometric = root(eta*G_unit/(2*lambda_*(1 - alpha) - eta*lambda_**2), 4)
sgdm_equilibrium_norm_moments = root(eta*G_unit/(lambda_*(1 - alpha)*(2 - eta*lambda_/(1 + alpha))), 4)
sgdm_rms_update_size_leading = eta*sqrt(G/(1 - alpha**2))
sgdm_rms_update_size_geometric = eta*sqrt(G/(1 - alpha**2))
sgdm_rms_update_size_moments = eta*sqrt(G/(1 - alpha**2))
sgdm_expected_rotation_leading = sqrt(2*eta*lambda_/(1 + alpha))
sgdm_expected_rotation_geometric = sqrt(eta*lambda_*(2*(1 - alpha) - eta*lambda_)/(1 - alpha**2))
sgdm_expected_rotation_moments = acos(1 - eta*lambda_/(1 + alpha))
sgdm_rms_diffusion_rate_leading = eta/(1 - alpha)*sqrt(G)
sgdm_rms_diffusion_rate_geometric = eta/(1 - alpha)*sqrt(G)
sgdm_rms_diffusion_rate_moments = eta/(1 - alpha)*sqrt(G)
sgdm_rotational_diffusion_rate_leading = sqrt(2*eta*lambda_/(1 - alpha))
sgdm_rotational_diffusion_rate_geometric = sqrt(eta*lambda_*(2*(1 - alpha) - eta*lambda_))/(1 - alpha)
sgdm_rotational_diffusion_rate_moments = sqrt(eta*lambda_*(1 - alpha)*(2 - eta*lambda_/(1 + alpha)))/(1 - alpha)
adamw_equilibrium_norm_leading = sqrt(eta*C/(2*lambda_))
adamw_equilibrium_norm_geometric = sqrt(eta*C/(2*lambda_ - eta*lambda_**2))
adamw_equilibrium_norm_moments = sqrt(C*eta/(lambda_*(2 - eta*lambda_))*(1 - beta1)/(1 + beta1)*(1 + beta1 - eta*lambda_*beta1)/(1 - beta1 + eta*lambda_*beta1))
adamw_rms_update_size_leading = eta*sqrt(C*(1 - beta1)/(1 + beta1))
adamw_rms_update_size_geometric = eta*sqrt(C*(1 - beta1)/(1 + beta1))
adamw_rms_update_size_moments = eta*sqrt(C*(1 - beta1)/(1 + beta1))
adamw_expected_rotation_leading = sqrt(2*eta*lambda_*(1 - beta1)/(1 + beta1))
adamw_expected_rotation_geometric = sqrt(eta*lambda_*(2 - eta*lambda_)*(1 - beta1)/(1 + beta1))
adamw_expected_rotation_moments = acos(1 - eta*lambda_*(1 - beta1)/(1 + beta1 - eta*lambda_*beta1))
adamw_rms_diffusion_rate_leading = eta*sqrt(C)
adamw_rms_diffusion_rate_geometric = eta*sqrt(C)
adamw_rms_diffusion_rate_moments = eta*sqrt(C)
adamw_rotational_diffusion_rate_leading = sqrt(2*eta*lambda_)
adamw_rotational_diffusion_rate_geometric = sqrt(eta*lambda_*(2 - eta*lambda_))
adamw_rotational_diffusion_rate_moments = eta/sqrt(eta/(lambda_*(2 - eta*lambda_))*(1 - beta1)/(1 + beta1)*(1 + beta1 - eta*lambda_*beta1)/(1 - beta1 + eta*lambda_*beta1))
adam_l2_equilibrium_norm_leading = root(eta/(2*lambda_)*Gamma, 3)
adam_l2_equilibrium_norm_geometric = sqrt(z)
adam_l2_equilibrium_norm_moments = sqrt(z2)
adam_l2_rms_update_size_leading = eta*sqrt(C*(1 - beta1)/(1 + beta1))
adam_l2_rms_update_size_geometric = eta*sqrt(C/(1 + lambda_**2*C*z**2/Gamma**2)*(1 - beta1)/(1 + beta1))
adam_l2_rms_update_size_moments = eta*sqrt(C/(1 + lambda_**2*C*z2**2/Gamma**2)*(1 - beta1)/(1 + beta1))
adam_l2_expected_rotation_leading = root(2*eta**2*lambda_/Gamma, 3)*sqrt((1 - beta1)/(1 + beta1)*C)
adam_l2_expected_rotation_geometric = eta*sqrt(C/(1 + lambda_**2*C*z**2/Gamma**2)*(1 - beta1)/(1 + beta1))/sqrt(z)
adam_l2_expected_rotation_moments = acos(1 - eta*lambda_*(1 - beta1)/(1 + beta1)/sqrt(Gamma**2/(C**2*z2) + lambda_**2*z2/C))
adam_l2_rms_diffusion_rate_leading = eta*sqrt(C)
adam_l2_rms_diffusion_rate_geometric = eta*sqrt(C/(1 + lambda_**2*C*z**2/Gamma**2))
adam_l2_rms_diffusion_rate_moments = eta*sqrt(C/(1 + lambda_**2*C*z2**2/Gamma**2))
adam_l2_rotational_diffusion_rate_leading = root(2*eta**2*lambda_/Gamma, 3)*sqrt(C)
adam_l2_rotational_diffusion_rate_geometric = eta*sqrt(C/(1 + lambda_**2*C*z**2/Gamma**2))/sqrt(z)
adam_l2_rotational_diffusion_rate_moments = eta*sqrt(C/(1 + lambda_**2*C*z2**2/Gamma**2))/sqrt(z2)
lion_equilibrium_norm_leading = sqrt(eta*C/(pi*lambda_))*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))**Rational(-1, 2)
lion_equilibrium_norm_geometric = sqrt(2*eta*C/(pi*(2*lambda_ - eta*lambda_**2)))*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))**Rational(-1, 2)
lion_equilibrium_norm_moments = sqrt(C*eta/(lambda_*(2 - eta*lambda_))*(1 + 2*(2/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2 + eta*lambda_*beta2))*(1 - eta*lambda_)))
lion_rms_update_size_leading = eta*sqrt(C)
lion_rms_update_size_geometric = eta*sqrt(C)
lion_rms_update_size_moments = eta*sqrt(C)
lion_expected_rotation_leading = sqrt(pi*eta*lambda_)*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))**Rational(1, 2)
lion_expected_rotation_geometric = sqrt(pi*eta*lambda_*(2 - eta*lambda_)/2)*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))**Rational(1, 2)
lion_expected_rotation_moments = acos(1 - eta*lambda_*(1 - (2/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2 + eta*lambda_*beta2))*eta*lambda_)/(1 + 2*(2/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2 + eta*lambda_*beta2))*(1 - eta*lambda_)))
lion_rms_diffusion_rate_leading = eta*sqrt(2*C/(pi*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))))
lion_rms_diffusion_rate_geometric = eta*sqrt(2*C/(pi*((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2))))
lion_rms_diffusion_rate_moments = eta*sqrt(C*(1 + 4/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2)))
lion_rotational_diffusion_rate_leading = sqrt(2*eta*lambda_)
lion_rotational_diffusion_rate_geometric = sqrt(eta*lambda_*(2 - eta*lambda_))
lion_rotational_diffusion_rate_moments = eta*sqrt((1 + 4/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2))/(eta/(lambda_*(2 - eta*lambda_))*(1 + 2*(2/pi*(beta1*(1 - beta2)*(1 - beta1 + beta1*beta2/(1 + beta2))/((1 - beta1)**2 + beta1**2*(1 - beta2)/(1 + beta2)))/(1 - beta2 + eta*lambda_*beta2))*(1 - eta*lambda_))))
