/* SPDX-License-Identifier: Apache-2.0 */
/* What the start of any program costs. */
int main(void)
{
	return 0;
}
